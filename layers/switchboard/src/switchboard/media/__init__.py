"""Pure audio machines on 8 kHz mu-law."""
