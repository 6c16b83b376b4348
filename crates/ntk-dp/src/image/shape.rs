//! Shapes of images.

use crate::Error;
use crate::error::check_len;

/// Channels, height and width of images: a row of `(n, c·h·w)` is one image, channel by channel, each row by row.
///
/// ```
/// use ntk_dp::image::ImageShape;
///
/// let shape = ImageShape::new(3, 32, 32)?;
/// assert_eq!(shape.len(), 3072);
/// assert!(ImageShape::new(3, 0, 32).is_err());
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::len_without_is_empty, reason = "there is at least one pixel")]
pub struct ImageShape {
    channels: usize,
    height: usize,
    width: usize,
}

impl ImageShape {
    /// Largest height and width, and largest number of channels.
    pub const LARGEST: usize = 1024;

    /// Images of `channels` planes of `height` rows.
    ///
    /// # Errors
    /// [`Error::ImageShape`] unless each is from 1 to [`LARGEST`](Self::LARGEST).
    pub fn new(channels: usize, height: usize, width: usize) -> Result<Self, Error> {
        let inside = [channels, height, width].iter().all(|side| (1..=Self::LARGEST).contains(side));
        if inside {
            Ok(Self { channels, height, width })
        } else {
            Err(Error::ImageShape { channels, height, width })
        }
    }

    /// Planes.
    #[must_use]
    pub const fn channels(self) -> usize {
        self.channels
    }

    /// Rows of a plane.
    #[must_use]
    pub const fn height(self) -> usize {
        self.height
    }

    /// Columns of a plane.
    #[must_use]
    pub const fn width(self) -> usize {
        self.width
    }

    /// Numbers of an image.
    #[must_use]
    pub const fn len(self) -> usize {
        self.channels * self.height * self.width
    }

    pub(super) fn check(self, columns: usize) -> Result<(), Error> {
        check_len(self.len(), columns)
    }
}
