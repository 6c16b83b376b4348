//! Saved releases: as they were, or refused.

use super::{aggregate, budget, options, random_rows};
use crate::{Context, Level, Outcome, Subject};
use attention_dp::io::{FileError, SavedTensor, container, load_moments, save_moments};
use attention_dp::{AttentionMoments, Error, MomentOptions};
use dp_linalg::Parallelism;
use dp_mechanisms::{AddRemoveRow, PrivacyProfile, Release, ReplaceRow};
use std::fs;
use std::path::PathBuf;

type Saved = Release<AttentionMoments, PrivacyProfile<AddRemoveRow>>;

/// Every byte altered, every length cut, bytes appended, foreign and forged files. The twin does not look at the digest
/// of the integers.
pub(super) fn integrity(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let options = options(2, 1, 2, 1.0).with_value_range(-0.5, 1.0);
    let (epsilon, delta) = budget(1.0, 1e-6);
    let moments = aggregate(AddRemoveRow, &options, &random_rows(&mut rng, options.shape(), 40));
    let release = moments.release(epsilon, delta, &mut rng).expect("little noise fits the lattice");
    let scratch = Scratch::new(release);
    let masks = |place: usize| match context.level() {
        Level::Quick => 1 << (place % 8)..=1_u8 << (place % 8),
        Level::Full => 1..=u8::MAX,
    };
    let (mut wrong, mut n) = (0, 0);
    for (place, mask) in
        (0..scratch.bytes.len()).flat_map(|place| masks(place).map(move |mask| (place, mask)))
    {
        let mut altered = scratch.bytes.clone();
        altered[place] ^= mask;
        let altered = subject.pick(altered.clone(), scratch.sealed(&altered));
        wrong += u64::from(scratch.loads_otherwise(&altered));
        n += 1;
    }
    for length in 0..scratch.bytes.len() {
        wrong += u64::from(scratch.load(&scratch.bytes[..length]).is_ok());
        n += 1;
    }
    let appended = [scratch.bytes.clone(), vec![0; 8]].concat();
    let foreign = b"\x08\0\0\0\0\0\0\0{}      ".to_vec();
    wrong +=
        [vec![], appended, foreign].iter().map(|bytes| u64::from(scratch.load(bytes).is_ok())).sum::<u64>();
    wrong += u64::from(scratch.loads_otherwise(&scratch.bytes) || scratch.load(&scratch.bytes).is_err());
    wrong += scratch.accepted_forgeries();
    Outcome::all_equal(wrong, n + 7).with_note("files that loaded as something else")
}

/// The options of a release; how many threads answer is no part of what is saved.
fn without_threads(release: &Saved) -> MomentOptions {
    release.value().geometry().options().clone().with_parallelism(Parallelism::Sequential)
}

/// A file that is written again and again, and what it must contain.
struct Scratch {
    directory: tempfile::TempDir,
    release: Saved,
    bytes: Vec<u8>,
}

impl Scratch {
    fn new(release: Saved) -> Self {
        let directory = tempfile::tempdir().expect("the machine has room for one file");
        let mut scratch = Self { directory, release, bytes: Vec::new() };
        save_moments(scratch.path(), &scratch.release).expect("the machine has room for one file");
        scratch.bytes = fs::read(scratch.path()).expect("the file was written");
        scratch
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("release.safetensors")
    }

    fn load(&self, bytes: &[u8]) -> Result<Saved, Error> {
        fs::write(self.path(), bytes).expect("the machine has room for one file");
        load_moments(self.path())
    }

    fn loads_otherwise(&self, bytes: &[u8]) -> bool {
        self.load(bytes).is_ok_and(|loaded| {
            loaded.value().steps() != self.release.value().steps()
                || without_threads(&loaded) != without_threads(&self.release)
                || loaded.certificate() != self.release.certificate()
        })
    }

    fn tensor(&self) -> SavedTensor {
        container::read_from(std::io::Cursor::new(&self.bytes)).expect("the file is whole")
    }

    fn encode(tensor: &SavedTensor) -> Vec<u8> {
        let mut bytes = Vec::new();
        container::write_to(&mut bytes, tensor).expect("memory takes all bytes");
        bytes
    }

    /// The altered integers with a digest that fits, which a reader without digest could not tell from them.
    fn sealed(&self, altered: &[u8]) -> Vec<u8> {
        let mut tensor = self.tensor();
        let data = &altered[altered.len() - 8 * tensor.steps.len()..];
        tensor.steps = data.as_chunks::<8>().0.iter().map(|&bytes| i64::from_le_bytes(bytes)).collect();
        Self::encode(&tensor)
    }

    /// Files with a digest that fits and parts that do not belong together, and another adjacency: how many load.
    fn accepted_forgeries(&self) -> u64 {
        let mu = self.release.certificate().guarantee().mu().expect("a Gaussian guarantee").get();
        let forged = [
            ("certificate", format!("{mu:?}"), format!("{:?}", mu / 2.0)),
            ("options", r#""degree":2"#.to_owned(), r#""degree":3"#.to_owned()),
        ];
        let accepted = forged.map(|(key, from, to)| {
            let mut tensor = self.tensor();
            let entry = tensor.metadata.get_mut(key).expect("releases have options and certificate");
            let replaced = entry.replace(&from, &to);
            let changed = replaced != *entry;
            *entry = replaced;
            let refused =
                matches!(self.load(&Self::encode(&tensor)), Err(Error::File(FileError::Inconsistent)));
            u64::from(!(changed && refused))
        });
        fs::write(self.path(), &self.bytes).expect("the machine has room for one file");
        let other = load_moments::<ReplaceRow>(self.path()).is_ok();
        accepted.iter().sum::<u64>() + u64::from(other)
    }
}
