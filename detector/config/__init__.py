"""One YAML file: gathers the settings of all parts, checks them, and says what is wrong where."""

from detector.config.load import LoadedConfig, config_schema, load_config
from detector.config.settings import CameraSettings, SiteConfig

__all__ = ["CameraSettings", "LoadedConfig", "SiteConfig", "config_schema", "load_config"]
