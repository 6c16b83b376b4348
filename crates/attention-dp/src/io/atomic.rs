//! Replacing a file as a whole or not at all.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

use super::FileError;

/// Lets `fill` write a new file beside `path`, forces it to the disk and only then renames it to `path`.
///
/// Whoever reads `path` sees the old content or all of the new one, also after a crash or a loss of power: the directory
/// is forced to the disk too (on Unix). A symbolic link at `path` is replaced, not followed. After an error before the
/// renaming the old file is untouched and the new one is deleted; a killed process may leave it behind.
pub(super) fn replace(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<&mut File>) -> Result<(), FileError>,
) -> Result<(), FileError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = create_beside(directory).map_err(|source| FileError::at(directory, source))?;
    let mut writer = BufWriter::new(file.as_file_mut());
    fill(&mut writer)?;
    writer.flush().map_err(FileError::write)?;
    drop(writer);
    file.as_file().sync_all().map_err(FileError::write)?;
    file.persist(path).map_err(|failed| FileError::at(path, failed.error))?;
    sync_directory(directory).map_err(|source| FileError::at(directory, source))
}

/// With the permissions of any new file; a temporary file would be private to its owner.
fn create_beside(directory: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".saving-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666)); // the umask applies
    }
    builder.tempfile_in(directory)
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> std::io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "the Unix twin can fail")]
fn sync_directory(_directory: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_failure_half_way_leaves_the_old_file_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("release");
        replace(&path, |out| out.write_all(b"old").map_err(FileError::write)).unwrap();
        let refused = replace(&path, |out| {
            out.write_all(&vec![7; 100_000]).map_err(FileError::write)?;
            assert_eq!(names(directory.path()).len(), 2, "the new file must not be under the old name yet");
            assert_eq!(fs::read(&path).unwrap(), b"old");
            Err(FileError::ForeignFile)
        });
        assert!(matches!(refused, Err(FileError::ForeignFile)));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(directory.path()), ["release"]);
    }

    #[test]
    fn a_name_that_cannot_be_replaced_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("occupied");
        fs::create_dir_all(path.join("inside")).unwrap();
        let refused = replace(&path, |out| out.write_all(b"new").map_err(FileError::write));
        assert!(matches!(refused, Err(FileError::Io { path: p, .. }) if p == path));
        assert_eq!(names(directory.path()), ["occupied"]);
    }

    #[cfg(unix)]
    #[test]
    fn the_new_file_has_the_permissions_of_any_new_file() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let (saved, plain) = (directory.path().join("saved"), directory.path().join("plain"));
        replace(&saved, |out| out.write_all(b"x").map_err(FileError::write)).unwrap();
        fs::write(&plain, b"x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&saved), mode(&plain));
    }
}
