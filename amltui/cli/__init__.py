"""The command line: commands, exit codes, output for people and for scripts."""
