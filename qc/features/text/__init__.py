"""What stands on a page in words and codes: OCR, barcodes, dates, places."""
