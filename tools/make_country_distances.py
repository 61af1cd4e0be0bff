"""Make seeds/country_distances.csv from Natural Earth's borders in the npm package world-atlas.

    python tools/make_country_distances.py countries-50m.json > seeds/country_distances.csv

Needs numpy 2, scipy 1 and pycountry 26. The distance of two countries is that of the two nearest
points of their borders, on a sphere of the earth's mean radius.
"""

from __future__ import annotations

import csv
import json
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pycountry
from scipy.spatial import cKDTree

EARTH_KM = 6371.0088
SHORTEST_KM = 1
"""Pairs that touch are left out: they count as 0."""

# Areas to which Natural Earth gives no code, by the codes that their addresses have.
CODES = {
    "Indian Ocean Ter.": ["CC", "CX"],
    "Kosovo": ["XK"],
    "N. Cyprus": ["CY"],
    "Siachen Glacier": ["IN", "PK"],
    "Somaliland": ["SO"],
}
UNINHABITED = {"Ashmore and Cartier Is."}  # Australia's, 130 km nearer to Europe than the rest


def codes_of(area: dict[str, Any]) -> list[str]:
    """The two-letter codes of an area's country."""
    name = area["properties"]["name"]
    if name in UNINHABITED:
        return []
    if "id" not in area:
        return CODES[name]
    return [pycountry.countries.get(numeric=area["id"]).alpha_2]


def points_of(world: dict[str, Any]) -> dict[str, np.ndarray]:
    """Each country's border points on the unit sphere, as rows of x, y, z."""
    scale, origin = world["transform"]["scale"], world["transform"]["translate"]
    arcs = [np.cumsum(np.array(arc), axis=0) * scale + origin for arc in world["arcs"]]
    points: dict[str, list[np.ndarray]] = {}
    for area in world["objects"]["countries"]["geometries"]:
        polygons = [area["arcs"]] if area["type"] == "Polygon" else area["arcs"]
        numbers = [arc for polygon in polygons for ring in polygon for arc in ring]
        degrees = np.vstack([arcs[arc if arc >= 0 else ~arc] for arc in numbers])
        for code in codes_of(area):
            points.setdefault(code, []).append(degrees)
    return {code: on_sphere(np.vstack(parts)) for code, parts in points.items()}


def on_sphere(degrees: np.ndarray) -> np.ndarray:
    """Points of the unit sphere for rows of longitude and latitude."""
    longitude, latitude = np.radians(degrees).T
    return np.column_stack([
        np.cos(latitude) * np.cos(longitude),
        np.cos(latitude) * np.sin(longitude),
        np.sin(latitude),
    ])  # fmt: skip


def main() -> None:
    """Print the seed: each pair once, whole kilometres, rounded down."""
    points = points_of(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    trees = {code: cKDTree(each) for code, each in points.items()}
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["country_a", "country_b", "km"])
    for pair in combinations(sorted(points), 2):
        few, many = sorted(pair, key=lambda code: len(points[code]))
        chord = trees[many].query(points[few])[0].min()
        km = int(2 * EARTH_KM * np.arcsin(min(1, chord / 2)))
        if km >= SHORTEST_KM:
            writer.writerow([*pair, km])


if __name__ == "__main__":
    main()
