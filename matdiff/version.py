"""The version, in the one place that the package, its metadata and JSON documents read."""

VERSION = "0.1.0"
