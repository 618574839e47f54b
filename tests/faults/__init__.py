"""The fault matrix: a run is killed at every command of its steps, recovered, and the host compared with before."""
