"""What a limit costs: stored copies, persons' labels and faults on purpose, judged by the code that judges returns.

The flow of a study: `labels` and `agreement` (what persons say) → `sweep` (the copies under many limits) → `curves` and
`cost` (what each limit does) → `propose`. `planted` gives detection curves, `gauge` and `control` tell the book from
the scanner. `plots` alone needs matplotlib.
"""
