//! Every random draw of the program comes from a generator named here, so that a result depends
//! on the seed alone and never on threads or on the order in which work happens to be done.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What a generator is for. Two purposes never share a stream of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Initial weights; the index is the layer's place in the network.
    Weights = 1,
    /// The order of the training pictures; the index is the pass over them.
    TrainOrder = 2,
    /// The order of the validation pictures, where that matters; the index is the pass.
    ValidationOrder = 3,
    /// Drawn pictures; the index is the picture.
    Drawing = 4,
    /// Transforms of training pictures; the index is the picture's place in the stream of batches.
    Augmentation = 5,
    /// What dropout drops; the index is made of the step and the layer's place.
    Dropout = 6,
    /// Which pictures a contact sheet shows; the index is 0.
    Preview = 7,
    /// Which pictures go to which split; the index is the class's label.
    Split = 8,
}

/// The generator for `(seed, purpose, index)`: ChaCha with 8 rounds, whose output is fixed by its
/// specification, keyed with the three numbers.
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
    fn each_seed_purpose_and_index_has_its_own_numbers() {
        let first = |seed, purpose, index| generator(seed, purpose, index).next_u64();
        let base = first(1, Purpose::Weights, 0);
        assert_eq!(base, first(1, Purpose::Weights, 0));
        assert_ne!(base, first(2, Purpose::Weights, 0));
        assert_ne!(base, first(1, Purpose::TrainOrder, 0));
        assert_ne!(base, first(1, Purpose::Weights, 1));
    }
}
