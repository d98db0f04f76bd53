"""Speed as ratios: the gateway with everything on, a bare proxy and a bare pass-through, interleaved in one run."""
