//! Drawing of ROC curves.

use super::canvas::{use_own_font, write_png};
use super::colors::{FAINT_GRAY, GRAY};
use super::text;
use crate::metrics::roc::Roc;
use anyhow::{Result, anyhow};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;

/// Number of classes up to which each has its curve; of more, as many as [`WORST`] have.
const NAMED: usize = 10;
const WORST: usize = 6;
/// Okabe and Ito's colors, which can be told apart with color blindness, and three grays.
const COLORS: [RGBColor; NAMED] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(240, 228, 66),
    RGBColor(0, 0, 0),
    RGBColor(110, 110, 110),
    RGBColor(170, 170, 170),
];
/// Side of the plot, and height of a line of the legend below it, in pixels.
const SIDE: u32 = 640;
const LINE: u32 = 22;

/// The curve of a class.
#[derive(Debug)]
pub struct Curve {
    /// Name of the class in the legend.
    pub name: String,
    /// Number of its pictures.
    pub pictures: usize,
    /// Its curve.
    pub roc: Roc,
}

/// Writes the curves to the PNG `path`. Of more than ten classes, it has the mean curves of the classes
/// and of the pictures, and those of the classes with the smallest areas.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, classes: &[Curve]) -> Result<()> {
    use_own_font();
    let (title, curves) = chosen(classes);
    let size = (SIDE, SIDE + LINE * curves.len() as u32);
    write_png(path, size, |area| {
        let failed = |error| anyhow!("cannot draw: {error}");
        area.fill(&WHITE).map_err(failed)?;
        let (plot, legend) = area.split_vertically(SIDE - LINE / 2);
        let mut chart = ChartBuilder::on(&plot)
            .caption(title, ("sans-serif", 20))
            .margin(16)
            .margin_right(24)
            .x_label_area_size(44)
            .y_label_area_size(56)
            .build_cartesian_2d(0.0..1.0, 0.0..1.0)
            .map_err(failed)?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .bold_line_style(FAINT_GRAY)
            .x_desc("Share of other pictures above the threshold")
            .y_desc("Share of the class above the threshold")
            .x_label_formatter(&|x| format!("{x:.1}"))
            .y_label_formatter(&|y| format!("{y:.1}"))
            .label_style(("sans-serif", 15))
            .axis_desc_style(("sans-serif", 16))
            .draw()
            .map_err(failed)?;
        let chance = [(0.0, 0.0), (1.0, 1.0)];
        chart.draw_series(LineSeries::new(chance, GRAY.stroke_width(1))).map_err(failed)?;
        // The first curves, which matter most, lie over the others.
        for (index, (name, points, auc)) in curves.iter().enumerate().rev() {
            let style = COLORS[index % NAMED].stroke_width(2);
            let line = LineSeries::new(points.iter().copied(), style);
            chart.draw_series(line).map_err(failed)?;
            let y = (LINE * index as u32 + LINE / 2) as i32;
            legend.draw(&PathElement::new([(72, y), (96, y)], style)).map_err(failed)?;
            let font = ("sans-serif", 15).into_font().color(&BLACK);
            let text = Text::new(
                format!("{name}, AUC {auc:.4}"),
                (106, y),
                font.pos(Pos::new(HPos::Left, VPos::Center)),
            );
            legend.draw(&text).map_err(failed)?;
        }
        area.present().map_err(failed)
    })
}

/// What is drawn: name, points and area.
type Drawn = (String, Vec<(f64, f64)>, f64);

/// A title, and the curves to draw.
fn chosen(classes: &[Curve]) -> (String, Vec<Drawn>) {
    let drawn = |curve: &Curve| (curve.name.clone(), curve.roc.points.clone(), curve.roc.auc());
    if classes.len() <= NAMED {
        let title = "ROC, each class against the rest".to_owned();
        return (title, classes.iter().map(drawn).collect());
    }
    let weighted = |weight: &dyn Fn(&Curve) -> f64| {
        let all: f64 = classes.iter().map(weight).sum();
        let mean = |value: &dyn Fn(&Curve) -> f64| {
            classes.iter().map(|curve| weight(curve) * value(curve)).sum::<f64>() / all
        };
        let points = (0..=SIDE).map(|step| {
            let x = f64::from(step) / f64::from(SIDE);
            (x, mean(&|curve| curve.roc.at(x)))
        });
        ([(0.0, 0.0)].into_iter().chain(points).collect(), mean(&|curve| curve.roc.auc()))
    };
    let (of_classes, of_pictures) = (weighted(&|_| 1.0), weighted(&|curve| curve.pictures as f64));
    let mut curves = vec![
        (format!("mean of {} classes", classes.len()), of_classes.0, of_classes.1),
        ("mean of pictures".to_owned(), of_pictures.0, of_pictures.1),
    ];
    let mut worst: Vec<_> = classes.iter().map(|curve| (curve, curve.roc.auc())).collect();
    worst.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    curves.extend(worst.into_iter().take(WORST).map(|(curve, _)| drawn(curve)));
    (format!("ROC, each class against the rest: means and the {WORST} worst"), curves)
}

/// The curves of the classes that have one, of `scored`.
pub fn of_classes(scored: &crate::metrics::scored::Scored) -> Vec<Curve> {
    let pictures = scored.confusion().pictures();
    // The second class of two: the first one's curve is its mirror image.
    let labels = if scored.classes.len() == 2 { 1..2 } else { 0..scored.classes.len() };
    let curve = |label: usize| {
        let name = text::name(&scored.classes[label], label);
        Some(Curve { name, pictures: pictures[label], roc: Roc::of_class(scored, label)? })
    };
    labels.filter_map(curve).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_classes_are_their_means_and_the_worst() {
        // Each rises to 1 at its own share of the others.
        let curve = |class: usize| Curve {
            name: format!("class {class}"),
            pictures: class,
            roc: Roc { points: vec![(0.0, 0.0), (class as f64 / 100.0, 1.0), (1.0, 1.0)] },
        };
        let few: Vec<Curve> = (1..=NAMED).map(curve).collect();
        assert_eq!(chosen(&few).1.len(), NAMED);
        let many: Vec<Curve> = (1..=40).map(curve).collect();
        let (_, curves) = chosen(&many);
        let names: Vec<&str> = curves.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names[..4], ["mean of 40 classes", "mean of pictures", "class 40", "class 39"]);
        assert_eq!(names.len(), 2 + WORST);
        // 1 - class / 200 each: the mean of 1 to 40 is 20.5, weighted by itself 27.
        assert!((curves[0].2 - (1.0 - 20.5 / 200.0)).abs() < 1e-9, "{}", curves[0].2);
        assert!((curves[1].2 - (1.0 - 27.0 / 200.0)).abs() < 1e-9, "{}", curves[1].2);
        // The area under the drawn mean is the mean of the areas.
        let drawn = Roc { points: curves[0].1.clone() };
        assert!((drawn.auc() - curves[0].2).abs() < 1e-3, "{}", drawn.auc());
    }
}
