"""Where the paper ends in an image: on dark or white backing, in a bound book, in a cropped frame. Knows no reference."""
