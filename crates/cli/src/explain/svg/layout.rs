//! Where everything goes: a column for each step up from the server's own certificate, and the store in the last.
//!
//! The path that is taken lies along the top. A line that passes over a column has a place in it like a box, so that it
//! crosses none.

use std::collections::HashMap;

use super::super::explanation::{Edge, Explanation, Node};

pub(super) const BOX_WIDTH: usize = 240;
pub(super) const BOX_HEIGHT: usize = 96;
/// Above the boxes of a zone, for its caption.
pub(super) const ZONE_HEAD: usize = 44;
const BEND_HEIGHT: usize = 20;
const ROW_GAP: usize = 24;
const COLUMN_GAP: usize = 84;
/// Between the border of a zone and its boxes.
const PADDING: usize = 16;
/// The length of an arrow's tip.
const TIP: usize = 11;

/// Something that has a place in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Node(Node),
    /// A name that was asked for, and no certificate or anchor has it.
    Missing(String),
    /// A line that passes.
    Bend,
}

/// The upper left corner.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    pub(super) x: usize,
    pub(super) y: usize,
}

/// The drawing.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) items: Vec<(Item, Place)>,
    /// Each with its line, as the `d` of a path.
    pub(super) edges: Vec<(Edge, String)>,
    /// The lines to those that are missing.
    pub(super) to_missing: Vec<String>,
    pub(super) width: usize,
    pub(super) height: usize,
    /// The width of the part for what was sent.
    pub(super) sent_width: usize,
    /// Where the part for the store begins, if there is one.
    pub(super) store_x: Option<usize>,
}

/// A line from one item to another, through a bend in each column between.
struct Route {
    edge: Option<Edge>,
    items: Vec<usize>,
    is_taken: bool,
}

#[derive(Default)]
struct Drawing {
    items: Vec<Item>,
    columns: Vec<Vec<usize>>,
    column_of: Vec<usize>,
    routes: Vec<Route>,
}

impl Drawing {
    fn add(&mut self, item: Item, column: usize) -> usize {
        let index = self.items.len();
        self.items.push(item);
        self.column_of.push(column);
        if let Some(items) = self.columns.get_mut(column) {
            items.push(index);
        }
        index
    }

    fn column(&self, item: usize) -> usize {
        self.column_of.get(item).copied().unwrap_or_default()
    }

    fn route(&mut self, from: usize, to: usize, edge: Option<Edge>) {
        let between = self.column(from) + 1..self.column(to);
        let bends: Vec<usize> = between.map(|column| self.add(Item::Bend, column)).collect();
        let items = std::iter::once(from).chain(bends).chain([to]);
        self.routes.push(Route {
            is_taken: edge.is_some_and(|edge| edge.taken),
            edge,
            items: items.collect(),
        });
    }

    /// Puts what the path taken goes through first, and the rest near to where lines to it come from.
    fn sort(&mut self) {
        let mut columns = std::mem::take(&mut self.columns);
        let mut places: HashMap<usize, usize> = HashMap::new();
        for (column, items) in columns.iter_mut().enumerate() {
            if column > 0 {
                items.sort_by_key(|item| self.rank(*item, &places));
            }
            places = (0..).zip(&*items).map(|(place, item)| (*item, place)).collect();
        }
        self.columns = columns;
    }

    /// Where an item goes in its column, by the places of the column before.
    fn rank(&self, item: usize, places: &HashMap<usize, usize>) -> (bool, usize, usize) {
        let mut is_taken = false;
        let (mut sum, mut count) = (0, 0);
        for route in &self.routes {
            is_taken |= route.is_taken && route.items.contains(&item);
            for pair in route.items.windows(2) {
                let place = pair.first().and_then(|from| places.get(from));
                if let Some(place) = place.filter(|_| pair.last() == Some(&item)) {
                    sum += place * 1000;
                    count += 1;
                }
            }
        }
        let mean = sum.checked_div(count).unwrap_or(usize::MAX);
        (!is_taken, mean, item)
    }

    fn height(&self, item: usize) -> usize {
        match self.items.get(item) {
            Some(Item::Bend) => BEND_HEIGHT,
            _ => BOX_HEIGHT,
        }
    }
}

impl Layout {
    pub(super) fn of(explanation: &Explanation) -> Self {
        let mut drawing = Drawing::default();
        let mut indexes: HashMap<Node, usize> = HashMap::new();
        let drawn = explanation.sent.iter().filter(|sent| sent.same_as.is_none());
        let drawn: Vec<(Node, usize)> = drawn.filter_map(|sent| Some((sent.id, sent.distance?))).collect();
        let sent_columns = drawn.iter().map(|(_, distance)| distance + 1).max().unwrap_or(1);
        drawing.columns = vec![Vec::new(); sent_columns + 1];
        for (node, distance) in drawn {
            let item = drawing.add(Item::Node(node), distance);
            indexes.insert(node, item);
        }
        for anchor in &explanation.anchors {
            let is_named = explanation.edges.iter().any(|edge| edge.to == anchor.id);
            if is_named {
                let item = drawing.add(Item::Node(anchor.id), sent_columns);
                indexes.insert(anchor.id, item);
            }
        }
        for edge in &explanation.edges {
            if let (Some(from), Some(to)) = (indexes.get(&edge.from), indexes.get(&edge.to)) {
                drawing.route(*from, *to, Some(*edge));
            }
        }
        for asked in &explanation.asked {
            let by = asked.by.iter().filter_map(|node| indexes.get(node).copied());
            let by: Vec<usize> = by.collect();
            if asked.anchors.is_empty() && asked.sent.is_empty() && !by.is_empty() {
                let missing = drawing.add(Item::Missing(asked.name.clone()), sent_columns);
                by.iter().for_each(|from| drawing.route(*from, missing, None));
            }
        }
        drawing.sort();
        placed(&drawing, sent_columns)
    }
}

fn placed(drawing: &Drawing, sent_columns: usize) -> Layout {
    let x_of = |column: usize| {
        let gap_to_store = if column >= sent_columns { PADDING } else { 0 };
        PADDING + column * (BOX_WIDTH + COLUMN_GAP) + gap_to_store
    };
    let mut places = vec![Place::default(); drawing.items.len()];
    let mut height = BOX_HEIGHT;
    for (column, items) in drawing.columns.iter().enumerate() {
        let mut y = 0;
        for (row, item) in items.iter().enumerate() {
            let own = drawing.height(*item);
            // Along the top, lines pass as high as the middle of boxes.
            let own_y = if row == 0 { (BOX_HEIGHT - own) / 2 } else { y };
            if let Some(place) = places.get_mut(*item) {
                *place = Place {
                    x: x_of(column),
                    y: own_y,
                };
            }
            height = height.max(own_y + own);
            y = own_y + own + ROW_GAP;
        }
    }
    let has_store = drawing.columns.last().is_some_and(|items| !items.is_empty());
    let sent_width = x_of(sent_columns - 1) + BOX_WIDTH + PADDING;
    let store_x = has_store.then(|| x_of(sent_columns) - PADDING);
    let mut layout = Layout {
        width: store_x.map_or(sent_width, |x| x + PADDING + BOX_WIDTH + PADDING),
        items: drawing.items.iter().cloned().zip(places.clone()).collect(),
        edges: Vec::new(),
        to_missing: Vec::new(),
        height,
        sent_width,
        store_x,
    };
    for (index, route) in drawing.routes.iter().enumerate() {
        let line = line(drawing, &places, index, route);
        match route.edge {
            Some(edge) => layout.edges.push((edge, line)),
            None => layout.to_missing.push(line),
        }
    }
    layout
}

fn line(drawing: &Drawing, places: &[Place], index: usize, route: &Route) -> String {
    let (Some(from), Some(to)) = (route.items.first(), route.items.last()) else {
        return String::new();
    };
    let place = |item: usize| places.get(item).copied().unwrap_or_default();
    let (start, end) = (place(*from), place(*to));
    if drawing.column(*to) <= drawing.column(*from) {
        return backwards(start, end);
    }
    let middle = |item: usize| place(item).y + drawing.height(item) / 2;
    let (mut x, mut y) = (start.x + BOX_WIDTH, port(drawing, places, index, *from, true));
    let mut line = format!("M {x} {y}");
    for item in route.items.iter().skip(1) {
        let (next_x, next_y) = if item == to {
            (place(*item).x - TIP + 2, port(drawing, places, index, *to, false))
        } else {
            (place(*item).x, middle(*item))
        };
        let half = (next_x - x) / 2;
        line.push_str(&format!(
            " C {} {y} {} {next_y} {next_x} {next_y}",
            x + half,
            next_x - half
        ));
        (x, y) = (next_x, next_y);
        if item != to {
            x += BOX_WIDTH;
            line.push_str(&format!(" L {x} {y}"));
        }
    }
    line
}

/// How high a line leaves or reaches a box: those of one side are spread over it, in the order of where they lead, and
/// the one that is taken has the middle.
fn port(drawing: &Drawing, places: &[Place], index: usize, item: usize, leaves: bool) -> usize {
    let top = places.get(item).copied().unwrap_or_default().y;
    let end = |route: &Route| {
        if leaves {
            route.items.first()
        } else {
            route.items.last()
        }
        .copied()
    };
    let neighbour = |route: &Route| {
        let mut items = route.items.iter();
        let item = if leaves { items.nth(1) } else { items.nth_back(1) };
        item.and_then(|item| places.get(*item)).map_or(0, |place| place.y)
    };
    let is_forward = |route: &Route| {
        let ends = route.items.first().zip(route.items.last());
        ends.is_some_and(|(from, to)| drawing.column(*to) > drawing.column(*from))
    };
    let routes = drawing.routes.iter().enumerate();
    let mut here: Vec<(usize, &Route)> = routes
        .filter(|(_, route)| end(route) == Some(item) && is_forward(route))
        .collect();
    here.sort_by_key(|(number, route)| (!route.is_taken, neighbour(route), *number));
    let place = here
        .iter()
        .position(|(number, _)| *number == index)
        .unwrap_or_default();
    let has_taken = here.first().is_some_and(|(_, route)| route.is_taken);
    let room = BOX_HEIGHT / 2 - 10;
    if has_taken || here.len() == 1 {
        // Below the one that is taken, which goes straight on.
        return top + BOX_HEIGHT / 2 + place * room.min(14 * here.len()) / here.len();
    }
    top + BOX_HEIGHT / 2 - room / 2 + place * room / here.len().saturating_sub(1).max(1)
}

/// A line to an issuer that is no further up: around below the boxes.
fn backwards(start: Place, end: Place) -> String {
    if start.x == end.x {
        // From one right side to the other.
        let x = start.x + BOX_WIDTH;
        let (y, end_y) = (start.y + BOX_HEIGHT - 18, end.y + BOX_HEIGHT - 30);
        let out = x + 46;
        return format!("M {x} {y} C {out} {y} {out} {end_y} {} {end_y}", x + TIP - 2);
    }
    let (x, y) = (start.x + BOX_WIDTH / 2, start.y + BOX_HEIGHT);
    let (end_x, end_y) = (end.x + BOX_WIDTH / 2, end.y + BOX_HEIGHT + TIP - 2);
    let low = y.max(end_y) + 36;
    format!("M {x} {y} C {x} {low} {end_x} {low} {end_x} {end_y}")
}

/// The tip of the arrow at the end of a line: it points as the line's last curve ends.
pub(super) fn tip(line: &str) -> Option<String> {
    let numbers: Vec<i64> = line.split(' ').filter_map(|part| part.parse().ok()).collect();
    let &[.., from_x, from_y, x, y] = numbers.as_slice() else {
        return None;
    };
    let tip = i64::try_from(TIP).ok()?;
    // Curves end level, or upright.
    let (along_x, along_y) = match (x - from_x, y - from_y) {
        (0, 0) => (1, 0),
        (0, down) => (0, down.signum()),
        (right, _) => (right.signum(), 0),
    };
    let (side_x, side_y) = (along_y * 6, along_x * 6);
    Some(format!(
        "M {} {} L {} {} L {} {} Z",
        x + along_x * tip,
        y + along_y * tip,
        x + side_x,
        y + side_y,
        x - side_x,
        y - side_y
    ))
}
