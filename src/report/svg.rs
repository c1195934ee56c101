//! Shapes as SVG.

use super::colors::hex;
use super::drawing::{Anchor, Shape, Text};

/// An element `svg` with `attributes`, that has the markup `start` before `shapes`.
pub fn element(attributes: &str, start: &str, shapes: &[Shape]) -> String {
    let shapes: String = shapes.iter().map(markup).collect();
    format!("<svg {attributes} font-family=\"sans-serif\">{start}{shapes}</svg>\n")
}

/// `text` as it stands in markup.
pub fn escaped(text: &str) -> String {
    let text = text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;");
    text.replace('"', "&#34;")
}

fn markup(shape: &Shape) -> String {
    match shape {
        Shape::Line { points, color, width } => {
            let points = points.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect::<Vec<_>>();
            let (path, color) = (points.join("L"), hex(*color));
            format!(
                "<path d=\"M{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\" stroke-linecap=\"round\" stroke-linejoin=\"round\"/>"
            )
        }
        Shape::Dot { center: (x, y), radius, color } => {
            let color = hex(*color);
            format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{color}\"/>")
        }
        Shape::Ring { center: (x, y), radius, color } => {
            let color = hex(*color);
            format!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"none\" stroke=\"{color}\"/>"
            )
        }
        Shape::Box { corner: (x, y), size: (width, height), color } => {
            let color = hex(*color);
            format!(
                "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{color}\"/>"
            )
        }
        Shape::Text(Text { text, at: (x, y), size, anchor, is_upright, color }) => {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            let turn = match is_upright {
                true => format!(" transform=\"rotate(-90 {x:.1} {y:.1})\""),
                false => String::new(),
            };
            let (text, color) = (escaped(text), hex(*color));
            format!(
                "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" text-anchor=\"{anchor}\" fill=\"{color}\"{turn}>{text}</text>"
            )
        }
    }
}
