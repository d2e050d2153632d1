# SPDX-License-Identifier: Apache-2.0
"""What --check says."""


def told(lines):
    """Prints each of [(name, figure, target, holds)]; answers whether all hold. `figure` is None for what was not measured, which does not hold; a line
    without a target only stands beside the others."""
    fine = True
    for name, figure, goal, holds in lines:
        beside = goal == "–"
        fine = fine and bool(holds or beside)
        print(f"{'    ' if beside else 'ok  ' if holds else 'FAIL'} {name}: {'not measured' if figure is None else f'{figure:.2f}'}, target {goal}")
    return fine
