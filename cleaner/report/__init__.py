"""The page people look at: what a run removed, by which rule, with samples."""
