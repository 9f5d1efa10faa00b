//! Fill: how much a node may hold, as `list-max-listpack-size` says.

/// The limits of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Bytes of its elements; a single element may take more.
    pub bytes_max: usize,
    pub elements_max: usize,
}

/// Bytes of a node whose limit is a number of elements: it stays cheap to edit however long they are.
const COUNTED_BYTES_MAX: usize = 8192;
/// The most elements that can be asked for; Redis has 15 bits for it.
const ELEMENTS_MAX: usize = (1 << 15) - 1;

impl Fill {
    /// What the setting means: up to so many elements, or -1 to -5 for 4 to 64 KiB.
    pub fn from_setting(size: i64) -> Self {
        match usize::try_from(size) {
            Ok(elements) => Self { bytes_max: COUNTED_BYTES_MAX, elements_max: elements.clamp(1, ELEMENTS_MAX) },
            Err(_) => Self { bytes_max: 2048 << size.max(-5).unsigned_abs(), elements_max: usize::MAX },
        }
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
        let bytes = [-1, -2, -3, -4, -5, -6, i64::MIN].map(|size| Fill::from_setting(size).bytes_max / 1024);
        assert_eq!(bytes, [4, 8, 16, 32, 64, 64, 64]);
        let counts = [0, 1, 128, 32_767, 32_768, i64::MAX].map(|size| Fill::from_setting(size).elements_max);
        assert_eq!(counts, [1, 1, 128, 32_767, 32_767, 32_767]);
        let fill = Fill::from_setting(128);
        assert!(fill.allows(8192, 128) && !fill.allows(8193, 2) && !fill.allows(10, 129) && fill.allows(1 << 20, 1));
    }
}
