"""The judge: votes and measures become scores, scores become edits."""
