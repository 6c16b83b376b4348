//! Files that a run leaves: each whole or not at all, and known to be writable before hours are spent.

use crate::Error;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile};

/// Fails now where [`replace`] would fail later: no such folder, or one that takes no file.
pub(crate) fn probe(path: &Path) -> Result<(), Error> {
    let found = if is_plain(path) {
        beside(path).map(drop)
    } else {
        File::options().append(true).open(path).map(drop)
    };
    found.map_err(|source| at(path, source))
}

/// Writes what `fill` says, and only then gives it the name `path`: a reader sees the old content or all of the new one.
/// What is no plain file (a link, a pipe, a terminal) stays what it is and is written to.
pub(crate) fn replace(
    path: &Path,
    fill: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut content = Vec::new();
    fill(&mut content)?;
    let stored = if is_plain(path) { store(path, &content) } else { std::fs::write(path, content) };
    stored.map_err(|source| at(path, source))
}

fn store(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = beside(path)?;
    file.write_all(content)?;
    if let Ok(old) = path.metadata() {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

/// Whether a file is there, or nothing.
fn is_plain(path: &Path) -> bool {
    path.symlink_metadata().map_or(true, |found| found.is_file())
}

/// A new file in the folder of `path`, with the permissions of any new file.
fn beside(path: &Path) -> std::io::Result<NamedTempFile> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut builder = Builder::new();
    builder.prefix(".verify-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666)); // the umask applies
    }
    builder.tempfile_in(folder.unwrap_or(Path::new(".")))
}

/// What failed, with its path.
pub(crate) fn at(path: &Path, source: std::io::Error) -> Error {
    Error::File { path: PathBuf::from(path), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_document_that_fails_half_way_leaves_the_old_one_and_nothing_else() {
        let folder = tempfile::tempdir().expect("the machine has room for a folder");
        let path = folder.path().join("page.html");
        replace(&path, |out| Ok(out.write_all(b"old")?)).expect("a new file can be written");
        let failed = replace(&path, |out| {
            out.write_all(b"new")?;
            Err(Error::NoSeed)
        });
        assert!(matches!(failed, Err(Error::NoSeed)));
        assert_eq!(fs::read(&path).expect("the old file is there"), b"old");
        replace(&path, |out| Ok(out.write_all(b"new")?)).expect("an old file can be replaced");
        assert_eq!(fs::read(&path).expect("the new file is there"), b"new");
        probe(&path).expect("the folder takes files");
        assert_eq!(fs::read_dir(folder.path()).expect("the folder is there").count(), 1);
    }

    #[test]
    fn what_cannot_be_written_is_known_before_the_run_and_named() {
        let folder = tempfile::tempdir().expect("the machine has room for a folder");
        let missing = folder.path().join("none").join("page.html");
        for path in [missing.as_path(), folder.path()] {
            let Err(Error::File { path: named, .. }) = probe(path) else { panic!("{path:?} was accepted") };
            assert_eq!(named, path);
            assert!(replace(path, |_| Ok(())).is_err());
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_and_devices_are_written_to_and_stay_what_they_are() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().expect("the machine has room for a folder");
        let (file, link) = (folder.path().join("page.html"), folder.path().join("latest.html"));
        fs::write(&file, "old").expect("a new file can be written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("it is ours");
        symlink(&file, &link).expect("a link can be made");
        for path in [&link, &file] {
            probe(path).expect("it can be written");
            replace(path, |out| Ok(out.write_all(b"new")?)).expect("it can be written");
            assert_eq!(fs::read(&file).expect("the file is there"), b"new");
            assert!(link.is_symlink(), "the link became a file");
            assert_eq!(file.metadata().expect("the file is there").permissions().mode() & 0o777, 0o640);
            fs::write(&file, "old").expect("it can be written");
        }
        let device = Path::new("/dev/null");
        probe(device).expect("everybody may write there");
        replace(device, |out| Ok(out.write_all(b"gone")?)).expect("everybody may write there");
        assert!(!is_plain(device));
    }
}
