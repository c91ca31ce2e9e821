"""What measures are given: a copy and its pages as they are known before anything is measured, sheets and sides among it."""
