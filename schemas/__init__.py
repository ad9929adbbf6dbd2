"""The shapes that every process agrees on; pure: no client and no I/O."""
