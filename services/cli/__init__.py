"""The command line: `whistle`. It may use everything; nothing may use it."""
