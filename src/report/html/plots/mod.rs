//! Plots as inline SVG, drawn from what a run measured. Each says in words what it shows, for those who do not see
//! it, and tells its marks apart by more than colour.

mod bounds;
mod latencies;
mod limit;
mod trend;

pub(super) use bounds::bounds;
pub(super) use latencies::latencies;
pub(super) use limit::limit;
pub(super) use trend::trend;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;
/// Room below the drawing for labels, and above it for numbers.
const FOOT: f64 = 24.0;
const HEAD: f64 = 18.0;

/// The drawing with its description.
fn svg(description: &str, shapes: &str) -> String {
    let base = HEIGHT - FOOT;
    format!(
        "\n<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n\
         <line x1=\"0\" y1=\"{base}\" x2=\"{WIDTH}\" y2=\"{base}\"/>\n{shapes}</svg>",
        super::page::escape(description)
    )
}

/// A label at a point; `anchor` is `start`, `middle` or `end`.
fn label(x: f64, y: f64, anchor: &str, class: &str, text: &str) -> String {
    format!(
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>\n",
        super::page::escape(text)
    )
}

/// The height at which a share between 0 and 1 is drawn.
fn level(share: f64) -> f64 {
    HEIGHT - FOOT - (HEIGHT - FOOT - HEAD) * share.clamp(0.0, 1.0)
}

fn polyline(class: &str, points: &[(f64, f64)]) -> String {
    let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    format!("<polyline class=\"{class}\" points=\"{}\"/>\n", points.join(" "))
}
