"""The bench: labelled data, and what rules, weights and whole cleaners are worth on it."""
