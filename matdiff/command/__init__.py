"""The command: options, files, streams."""
