//! The random generators behind every random draw, so that results depend on the seed alone and not
//! on threads or the order of work.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What a generator is used for. Different purposes never share a stream of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Initial weights; the index is the layer's position in the network.
    Weights = 1,
    /// The order of the training pictures; the index is the pass over them.
    TrainOrder = 2,
    /// The order of the validation pictures, if it matters; the index is the pass over them.
    ValidationOrder = 3,
    /// Synthetic pictures; the index is the picture's.
    Drawing = 4,
    /// Augmentations of training pictures; the index is the picture's in the endless stream of
    /// pictures.
    Augmentation = 5,
    /// Dropout masks; the index combines the step and the layer's position.
    Dropout = 6,
    /// The pictures on a contact sheet; the index is 0.
    Preview = 7,
    /// The assignment of pictures to splits; the index is the class's label.
    Split = 8,
    /// The order in which pictures are assigned to the folds of a cross-validation; the index is 0.
    Folds = 9,
}

/// The generator for `(seed, purpose, index)`: ChaCha8 (Bernstein, 2008) keyed with the three
/// numbers, so that its output is fixed by a specification.
pub fn generator(seed: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    let mut key = [0u8; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
    key[16..24].copy_from_slice(&index.to_le_bytes());
    ChaCha8Rng::from_seed(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn streams_differ_by_seed_purpose_and_index() {
        let first = |seed, purpose, index| generator(seed, purpose, index).next_u64();
        let base = first(1, Purpose::Weights, 0);
        assert_eq!(base, first(1, Purpose::Weights, 0));
        assert_ne!(base, first(2, Purpose::Weights, 0));
        assert_ne!(base, first(1, Purpose::TrainOrder, 0));
        assert_ne!(base, first(1, Purpose::Weights, 1));
    }
}
