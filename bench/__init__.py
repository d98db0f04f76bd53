"""Speed as ratios: the gateway with everything on, beside a bare proxy and a bare pass-through, in one interleaved run."""
