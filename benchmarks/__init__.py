"""`make bench`: what Dynascope costs, each figure beside a peer that was measured in the same run."""
