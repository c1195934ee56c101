//! Which pictures the batch of a step holds.

use crate::device::upload;
use crate::keras::Iteration;
use crate::random::{Purpose, generator};
use anyhow::Result;
use rand::seq::SliceRandom;
use tch::{Device, Tensor};

/// In which order a loader hands out its pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As the samples are sorted.
    Sorted,
    /// A new permutation for every pass, drawn from the seed.
    Shuffled {
        /// Where the draws come from.
        seed: u64,
        /// Of training or validation, whose orders differ.
        purpose: Purpose,
    },
}

/// Batches over `count` pictures, pass after pass.
#[derive(Debug)]
pub(super) struct Sequence {
    count: i64,
    batch_size: i64,
    steps_per_epoch: i64,
    order: Order,
    iteration: Iteration,
    /// The pass last used.
    pass: Option<Pass>,
}

#[derive(Debug)]
struct Pass {
    number: i64,
    indices: Vec<i64>,
    /// `[count]` i64, once it was asked for.
    on_device: Option<Tensor>,
}

/// A batch's part of its pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slice {
    pass: i64,
    pub start: i64,
    pub length: i64,
    /// The index of its first picture in the endless stream of pictures, from 0.
    pub first: i64,
}

impl Sequence {
    pub fn new(
        count: i64,
        batch_size: i64,
        steps_per_epoch: Option<i64>,
        order: Order,
        iteration: Iteration,
    ) -> Self {
        let pass = batches(count, batch_size);
        let steps_per_epoch = match (steps_per_epoch, iteration) {
            (None, _) => pass,
            (Some(steps), Iteration::Endless) => steps,
            (Some(steps), Iteration::WholePass) => steps.min(pass),
        };
        Self { count, batch_size, steps_per_epoch, order, iteration, pass: None }
    }

    pub fn steps_per_epoch(&self) -> i64 {
        self.steps_per_epoch
    }

    /// The epoch and step after these.
    pub fn after(&self, epoch: i64, step: i64) -> (i64, i64) {
        if step + 1 < self.steps_per_epoch { (epoch, step + 1) } else { (epoch + 1, 0) }
    }

    pub fn slice(&self, epoch: i64, step: i64) -> Slice {
        let batches_per_pass = batches(self.count, self.batch_size);
        let (pass, batch) = match self.iteration {
            Iteration::Endless => {
                let number = epoch * self.steps_per_epoch + step;
                (number / batches_per_pass, number % batches_per_pass)
            }
            Iteration::WholePass => (epoch, step),
        };
        let start = batch * self.batch_size;
        let length = self.batch_size.min(self.count - start);
        Slice { pass, start, length, first: pass * self.count + start }
    }

    /// The pictures of `slice`.
    pub fn indices(&mut self, slice: Slice) -> Vec<usize> {
        let range = slice.start as usize..(slice.start + slice.length) as usize;
        match self.order {
            Order::Sorted => range.collect(),
            Order::Shuffled { seed, purpose } => {
                let pass = self.pass(slice.pass, seed, purpose);
                pass.indices[range].iter().map(|&index| index as usize).collect()
            }
        }
    }

    /// The pictures of `slice`, `[length]` i64 on `device`; `None` where they stand in their order.
    ///
    /// # Errors
    /// If the device is out of memory.
    pub fn indices_on(&mut self, slice: Slice, device: Device) -> Result<Option<Tensor>> {
        let Order::Shuffled { seed, purpose } = self.order else { return Ok(None) };
        let Pass { indices, on_device, .. } = self.pass(slice.pass, seed, purpose);
        let all = match on_device {
            Some(all) => all,
            None => on_device.insert(upload(&Tensor::f_from_slice(indices)?, device)?),
        };
        Ok(Some(all.f_narrow(0, slice.start, slice.length)?))
    }

    /// The order of pass `number`.
    fn pass(&mut self, number: i64, seed: u64, purpose: Purpose) -> &mut Pass {
        let current = self.pass.take().filter(|pass| pass.number == number);
        self.pass.insert(current.unwrap_or_else(|| {
            let mut indices: Vec<i64> = (0..self.count).collect();
            indices.shuffle(&mut generator(seed, purpose, number as u64));
            Pass { number, indices, on_device: None }
        }))
    }
}

/// Batches in one pass, the last partial one counted.
fn batches(count: i64, batch_size: i64) -> i64 {
    (count + batch_size - 1) / batch_size
}
