"""Holds the answers of the gallery against known ones, and against arithmetic in plain Python."""
