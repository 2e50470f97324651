"""`streamapp gallery`: known answers of known data, computed by the worker from a file, for anyone to compare."""

from __future__ import annotations

from streamapp.cli.commands import Catalogue, Commands

GALLERY: Catalogue = {
    "list": ("streamapp.cli.gallery.commands:list_", "List the answers that can be asked for."),
    "answer": ("streamapp.cli.gallery.commands:answer", "Compute an answer from a file, by a broker and a worker."),
}

gallery = Commands("gallery", GALLERY, help="Answers that topologies of the gallery compute from files of known data.")
