# SPDX-License-Identifier: Apache-2.0
"""Names of colours. This package is in no image: a function finds it only where its layer is."""

NAMES = {"red": "#ff0000", "teal": "#008080", "tomato": "#ff6347"}


def code(name):
    return NAMES.get(name.lower(), "unknown")
