"""What seals evidence packages, as the configuration says."""

from detector.config.settings import SiteConfig
from detector.evidence.clip_folder import ClipFolder
from detector.evidence.signing_key import open_key
from detector.evidence.snapshot import SnapshotFolder
from detector.pipeline.package_contents import EvidenceFolders
from detector.pipeline.packager import Packager
from detector.store import Store


def make_packager(config: SiteConfig, store: Store) -> Packager:
    """Prepare the sealing of packages; makes the key where there is none yet.

    Raises:
        ConfigError: the key cannot be used.
    """
    data_dir = config.data_dir
    folders = EvidenceFolders(
        ClipFolder(data_dir / "clips"),
        SnapshotFolder(data_dir / "snapshots"),
        data_dir / "packages",
    )
    key = config.evidence_key or data_dir / "keys" / "evidence.pem"
    return Packager(store, folders, open_key(key), config.site)
