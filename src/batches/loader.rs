//! Pixels → batches: turns pixels into tensors and uploads them to the device.

use super::batch::{Batch, Input, Targets};
use super::order::{Batching, Sequence};
use crate::error::is_out_of_memory;
use crate::machine::device::upload;
use crate::pictures::pixels::{Pixels, Target};
use crate::pictures::source::Source;
use crate::pictures::stream::{Decoders, Promise};
use anyhow::{Context, Result};
use std::collections::VecDeque;
use tch::{Device, Kind, Tensor};

/// Yields batches as Keras's generators do: pass after pass over the pictures, where the last batch
/// of a pass may be smaller. With [`Iteration::Endless`](crate::keras::Iteration::Endless), an epoch starts where the previous one
/// ended. A batch depends only on the numbers of its epoch and step, so a resumed run continues
/// exactly.
#[derive(Debug)]
pub struct Loader {
    storage: Storage,
    device: Device,
    /// One per picture.
    labels: Vec<i64>,
    sequence: Sequence,
    /// Batches requested ahead, with their steps.
    ahead: VecDeque<(Step, Request)>,
}

/// Epoch and step of a batch, both from 0.
type Step = (i64, i64);

/// Where the pictures are.
#[derive(Debug)]
enum Storage {
    /// All on the device (pixels as u8), so that only indices are uploaded.
    Device { input: Input, labels: Tensor },
    /// In host memory, from which each batch is gathered.
    Host(Pixels),
    /// In files, decoded for each batch.
    Stream(Decoders),
}

/// A batch requested ahead.
#[derive(Debug)]
struct Request {
    first: i64,
    targets: Targets,
    pixels: Pending,
}

#[derive(Debug)]
enum Pending {
    /// To be gathered from these samples when needed.
    Gather(Vec<usize>),
    /// On the device, or being copied there ahead of any work launched later.
    Uploaded(Tensor),
    /// Being decoded.
    Decoding(Promise),
}

impl Loader {
    /// A loader that yields the pictures of `source`. Decoded pixels are copied to a GPU at once if they
    /// fit.
    ///
    /// # Errors
    /// If the device is out of memory or a thread cannot be started.
    pub fn new(source: impl Into<Source>, device: Device, batching: Batching) -> Result<Self> {
        let source = source.into();
        let labels: Vec<i64> = source.samples().iter().map(|sample| sample.label as i64).collect();
        let count = labels.len() as i64;
        let storage = match source {
            Source::Streamed(stream) => Storage::Stream(Decoders::start(stream)?),
            Source::Held(pixels) if device == Device::Cpu => Storage::Host(pixels),
            Source::Held(pixels) => match on_device(&pixels, device) {
                Ok(all) => {
                    let labels = Tensor::f_from_slice(&labels)?.f_to_device(device)?;
                    Storage::Device { input: Input::Pixels(all), labels }
                }
                // Upload batch by batch.
                Err(error) if is_out_of_memory(&error) => Storage::Host(pixels),
                Err(error) => return Err(error),
            },
        };
        let sequence = Sequence::new(count, batching);
        Ok(Self { storage, device, labels, sequence, ahead: VecDeque::new() })
    }

    /// A loader that yields `input`, the pixels or features of all pictures, with their class
    /// indices `labels`, `[N]` i64. Both tensors stay on their device.
    ///
    /// # Errors
    /// If `labels` cannot be converted to a vector.
    pub fn of_input(input: Input, labels: Tensor, batching: Batching) -> Result<Self> {
        let (device, of_host) = (input.values().device(), Vec::<i64>::try_from(&labels)?);
        let sequence = Sequence::new(of_host.len() as i64, batching);
        let storage = Storage::Device { input, labels };
        Ok(Self { storage, device, labels: of_host, sequence, ahead: VecDeque::new() })
    }

    /// The class index of every picture, in the order of the samples.
    pub fn labels(&self) -> &[i64] {
        &self.labels
    }

    /// A loader of whole passes in the order of the samples, for visiting every picture once.
    ///
    /// # Errors
    /// As [`Loader::new`].
    pub fn sorted(source: impl Into<Source>, device: Device, batch_size: i64) -> Result<Self> {
        Self::new(source, device, Batching::sorted(batch_size))
    }

    /// Number of pictures.
    pub fn len(&self) -> i64 {
        self.labels.len() as i64
    }

    /// Whether there are no pictures.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether pictures are decoded for each batch, for constant memory.
    pub fn is_streamed(&self) -> bool {
        matches!(self.storage, Storage::Stream(_))
    }

    /// Number of batches per epoch.
    pub fn steps_per_epoch(&self) -> i64 {
        self.sequence.steps_per_epoch()
    }

    /// The batch of step `step` of epoch `epoch`, both from 0. Fastest if called for consecutive
    /// steps.
    ///
    /// # Errors
    /// If libtorch is out of memory, or a streamed picture cannot be decoded; the error names its
    /// path and the reason.
    pub fn batch(&mut self, epoch: i64, step: i64) -> Result<Batch> {
        let Storage::Device { input, labels } = &self.storage else {
            return self.gathered(epoch, step);
        };
        let slice = self.sequence.slice(epoch, step);
        let indices = self.sequence.indices_on(slice, self.device)?;
        let part = |all: &Tensor| -> Result<Tensor> {
            Ok(match &indices {
                Some(indices) => all.f_index_select(0, indices)?,
                None => all.f_narrow(0, slice.start, slice.length)?,
            })
        };
        let (input, targets) = (input.map(part)?, Targets::of(part(labels)?));
        Ok(Batch { input, targets, first: slice.first })
    }

    /// The batch of a step when not all pixels are on the device. Requests the next batches ahead.
    fn gathered(&mut self, epoch: i64, step: i64) -> Result<Batch> {
        // Steps are consecutive; after a jump, earlier requests are useless.
        if self.ahead.front().is_some_and(|(number, _)| *number != (epoch, step)) {
            self.ahead.clear();
        }
        let ahead = match &self.storage {
            Storage::Stream(decoders) => decoders.ahead(),
            _ => 1,
        };
        let mut next = match self.ahead.back() {
            Some(&((epoch, step), _)) => self.sequence.after(epoch, step),
            None => (epoch, step),
        };
        while self.ahead.len() <= ahead {
            let request = self.request(next)?;
            self.ahead.push_back((next, request));
            next = self.sequence.after(next.0, next.1);
        }
        let (_, request) = self.ahead.pop_front().context("expected a requested batch")?;
        let Request { first, targets, pixels } = request;
        let pixels = match pixels {
            Pending::Uploaded(pixels) => pixels,
            Pending::Gather(indices) => self.gather(&indices)?,
            Pending::Decoding(promise) => {
                let bytes = promise.recv().context("a decoding thread has ended")??;
                let Storage::Stream(decoders) = &self.storage else {
                    anyhow::bail!("expected streamed pictures")
                };
                self.upload(decoders.target(), &bytes)?
            }
        };
        Ok(Batch { input: Input::Pixels(pixels), targets, first })
    }

    fn request(&mut self, (epoch, step): Step) -> Result<Request> {
        let slice = self.sequence.slice(epoch, step);
        let indices = self.sequence.indices(slice);
        let labels: Vec<i64> = indices.iter().map(|&index| self.labels[index]).collect();
        let pixels = match &self.storage {
            Storage::Stream(decoders) => Pending::Decoding(decoders.ask(indices)),
            Storage::Host(pixels) if self.device == Device::Cpu => {
                indices.iter().for_each(|&index| pixels.read_ahead(index));
                Pending::Gather(indices)
            }
            _ => Pending::Uploaded(self.gather(&indices)?),
        };
        let targets = Targets::of(upload(&Tensor::f_from_slice(&labels)?, self.device)?);
        Ok(Request { first: slice.first, targets, pixels })
    }

    /// The pictures at `indices`, gathered from host memory and uploaded: `[N, H, W, C]` u8.
    fn gather(&self, indices: &[usize]) -> Result<Tensor> {
        let Storage::Host(pixels) = &self.storage else {
            anyhow::bail!("expected pixels in host memory")
        };
        let mut bytes = Vec::with_capacity(indices.len() * pixels.target.bytes());
        for &index in indices {
            pixels.append(index, &mut bytes)?;
        }
        self.upload(pixels.target, &bytes)
    }

    /// Uploads the bytes of whole pictures: `[N, H, W, C]` u8.
    fn upload(&self, target: Target, bytes: &[u8]) -> Result<Tensor> {
        let shape = shape(target, bytes.len() / target.bytes());
        let tensor = Tensor::f_from_data_size(bytes, &shape, Kind::Uint8)?;
        upload(&tensor, self.device)
    }
}

/// Uploads all pixels, `[N, H, W, C]` u8, in parts so that the host needs no second copy.
fn on_device(pixels: &Pixels, device: Device) -> Result<Tensor> {
    let (count, mut bytes) = (pixels.samples.len(), Vec::new());
    let all = Tensor::f_empty(shape(pixels.target, count), (Kind::Uint8, device))?;
    for start in (0..count).step_by(256) {
        bytes.clear();
        let end = (start + 256).min(count);
        for index in start..end {
            pixels.append(index, &mut bytes)?;
        }
        let shape = shape(pixels.target, end - start);
        let part = Tensor::f_from_data_size(&bytes, &shape, Kind::Uint8)?;
        all.f_narrow(0, start as i64, shape[0])?.f_copy_(&part)?;
    }
    Ok(all)
}

/// The shape `[N, H, W, C]` of `count` pictures.
fn shape(target: Target, count: usize) -> [i64; 4] {
    let Target { height, width, color_mode, .. } = target;
    [count, height, width, color_mode.channels()].map(|size| size as i64)
}
