"""An invented library of 3D renders: what the tools of the CG assistant find."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

SUBJECTS = (
    "loft_kitchen",
    "villa_pool",
    "night_alley",
    "chrono_watch",
    "rover_mk2",
    "oak_stair",
    "harbour_fog",
    "booth_hall7",
    "tea_house",
    "ebike",
)
PROJECTS = ("TIDEWATER", "hotel_sommer", "sq120_alley", "BIKE_LAUNCH", "museum_annex", "autumn_campaign")
RENDERERS = ("Cycles", "V-Ray", "Arnold", "Redshift")
RESOLUTIONS = ("3840x2160", "3840x2160", "1920x1080", "2048x2048", "4096x1716", "7680x4320")
TAGS = ("interior", "exterior", "product", "night", "day", "hero", "wip", "approved", "turntable", "closeup", "hdri", "denoised")


def render(rng: Random, before: datetime, *, slug: str = "", camera: str = "", resolution: str = "", renderer: str = "") -> dict[str, Any]:
    """One file of the library, made some days before `before`."""
    made = before - timedelta(days=rng.paretovariate(0.9), minutes=rng.randrange(600))
    slug, project = slug or rng.choice(SUBJECTS), rng.choice(PROJECTS)
    name = f"{slug}_cam{camera or f'{rng.randint(1, 9):02d}'}_v{rng.randint(1, 60):03d}.{rng.choice(('exr', 'exr', 'png', 'tif'))}"
    return {
        "file_id": rng.randint(10_000, 99_999),
        "name": name,
        "path": f"{project}/lighting/{slug}/{name}",
        "resolution": resolution or rng.choice(RESOLUTIONS),
        "renderer": renderer or rng.choice(RENDERERS),
        "samples": rng.choice((64, 128, 256, 512, 1024, 2048)),
        "minutes_per_frame": Decimal(str(round(rng.lognormvariate(2.4, 0.9), 1))),
        "tags": rng.sample(TAGS, rng.randint(2, 5)),
        "created": f"{max(made, before - timedelta(days=900)):%Y-%m-%dT%H:%M:%SZ}",
        "score": Decimal(str(round(rng.uniform(0.61, 0.97), 4))),
    }


def render_slots(rng: Random, start: datetime, known: Mapping[str, str]) -> dict[str, str]:
    """Slots for a dialogue about renders: `files_json`, `files_table`, `files_list`, `files_count`, `file1`, `file1_id` … `file3_json`."""
    look = next((known[name] for name in ("subject", "asset", "mood", "show") if name in known), "")
    slug = re.sub(r"[^a-z0-9]+", "_", look.lower()).strip("_") if look.isascii() else ""
    slug = slug or rng.choice(SUBJECTS)
    pins = {name: known.get(f"pin_{name}", "") for name in ("camera", "resolution", "renderer")}
    files = [render(rng, start, slug=slug, **pins) for _ in range(rng.randint(4, 10))]
    files.sort(key=lambda file: file["minutes_per_frame" if "show" in known else "created"], reverse=True)
    if pins["camera"]:
        # One shot: its versions have to be in the order of their dates.
        for n, file in enumerate(files):
            file["name"] = re.sub(r"_v\d+", f"_v{30 - n:03d}", file["name"])
            file["path"] = re.sub(r"_v\d+", f"_v{30 - n:03d}", file["path"])
    rows = [f"| {f['file_id']} | {f['name']} | {f['resolution']} | {f['renderer']} | {f['minutes_per_frame']} |" for f in files]
    slots = {
        "files_count": str(len(files)),
        "files_json": as_json(files),
        "files_table": "\n".join(["| Id | File | Resolution | Renderer | Min/frame |", "|---:|---|---|---|---:|", *rows]),
        "files_list": "\n".join(f"{n}. **{f['name']}** · {f['resolution']} · {f['renderer']}" for n, f in enumerate(files, 1)),
    }
    for n, file in enumerate(files[:3], 1):
        slots |= {f"file{n}": file["name"], f"file{n}_id": str(file["file_id"]), f"file{n}_json": as_json(file)}
        slots |= {f"file{n}_{short}": str(file[short]) for short in ("renderer", "resolution", "samples")}
        slots[f"file{n}_minutes"] = str(file["minutes_per_frame"])
    return slots


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=float)
