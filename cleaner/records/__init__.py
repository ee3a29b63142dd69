"""Records in and out: files, fields, the ledger, quarantine, workers and checkpoints."""
