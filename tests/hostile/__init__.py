"""What an agent inside could try, against each backend, and against a sandbox that is weakened so that it works.

Each attack is a small program in `probes/`, run inside. `python -m tests.hostile --out docs` runs all of them and
writes the table. An attack that is no breach of the weakened sandbox proves nothing, and is an error.
"""
