"""From an HTML page to blocks: one line of text each, with what its markup says about it."""
