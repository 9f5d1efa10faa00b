//! Fill: how much a node may hold, as `list-max-listpack-size` says, and which are compressed (`list-compress-depth`).

/// The limits of one node, and what a list made now is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Bytes of its elements; a single element may take more.
    pub bytes_max: usize,
    pub elements_max: usize,
    /// How many nodes at each end stay plain when those between are compressed; 0: no node is compressed.
    pub plain_ends: usize,
}

/// Bytes of a node whose limit is a number of elements: it stays cheap to edit however long they are.
const COUNTED_BYTES_MAX: usize = 8192;
/// The most elements that can be asked for; Redis has 15 bits for it.
const ELEMENTS_MAX: usize = (1 << 15) - 1;

impl Fill {
    /// What the settings mean: up to so many elements, or -1 to -5 for 4 to 64 KiB; and the depth of compression.
    pub fn from_settings(size: i64, compress_depth: i64) -> Self {
        let plain_ends = usize::try_from(compress_depth).unwrap_or(0);
        let (bytes_max, elements_max) = match usize::try_from(size) {
            Ok(elements) => (COUNTED_BYTES_MAX, elements.clamp(1, ELEMENTS_MAX)),
            Err(_) => (2048 << size.max(-5).unsigned_abs(), usize::MAX),
        };
        Self { bytes_max, elements_max, plain_ends }
    }

    /// Whether so many elements of so many bytes may be in one node.
    #[inline]
    pub fn allows(self, bytes: usize, elements: usize) -> bool {
        (bytes <= self.bytes_max && elements <= self.elements_max) || elements <= 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_is_a_count_or_a_size_class() {
        let bytes = [-1, -2, -3, -4, -5, -6, i64::MIN].map(|size| Fill::from_settings(size, 0).bytes_max / 1024);
        assert_eq!(bytes, [4, 8, 16, 32, 64, 64, 64]);
        let counts = [0, 1, 128, 32_767, 32_768, i64::MAX].map(|size| Fill::from_settings(size, 0).elements_max);
        assert_eq!(counts, [1, 1, 128, 32_767, 32_767, 32_767]);
        let fill = Fill::from_settings(128, -1);
        assert!(fill.allows(8192, 128) && !fill.allows(8193, 2) && !fill.allows(10, 129) && fill.allows(1 << 20, 1));
        assert_eq!(fill.plain_ends, 0);
    }
}
