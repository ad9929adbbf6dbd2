"""The data shapes that every process agrees on. Pure: no clients, no I/O."""
