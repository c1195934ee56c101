//! Lists of labels: what people write, at random, and what the program writes for itself.

mod messages;
mod own;
mod people;

/// Draws of a linear congruential generator.
struct Draws(u64);

impl Draws {
    fn below(&mut self, count: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count
    }

    /// True once in `count` draws, on average.
    fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn one_of<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}
