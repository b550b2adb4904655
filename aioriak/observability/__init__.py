"""Statistics, telemetry hooks and OpenTelemetry."""
