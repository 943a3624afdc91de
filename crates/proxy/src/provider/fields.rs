//! The header fields of one message that goes to an upstream or comes from one (RFC 9110, 5).
//!
//! A message has a dozen or two, most are looked at once, and few are passed on: a list in three pieces of memory is
//! read faster than a hash map is made.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Names in lower case and values, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    names: String,
    values: Vec<u8>,
    /// Where each name and each value ends.
    ends: Vec<(u32, u32)>,
}

impl Fields {
    /// Room for `count` fields of `bytes` bytes in all.
    #[must_use]
    pub fn with_capacity(count: usize, bytes: usize) -> Self {
        Self {
            names: String::with_capacity(bytes / 2),
            values: Vec::with_capacity(bytes / 2),
            ends: Vec::with_capacity(count),
        }
    }

    /// Adds a field, also when there is one of that name.
    pub fn push(&mut self, name: &str, value: &[u8]) {
        let begin = self.names.len();
        self.names.push_str(name);
        if let Some(name) = self.names.get_mut(begin..) {
            name.make_ascii_lowercase();
        }
        self.values.extend_from_slice(value);
        self.ends
            .push((end(self.names.len()), end(self.values.len())));
    }

    /// All fields.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let (mut name_at, mut value_at) = (0, 0);
        self.ends.iter().map(move |(name_end, value_end)| {
            let (name_end, value_end) = (*name_end as usize, *value_end as usize);
            let name = self.names.get(name_at..name_end);
            let value = self.values.get(value_at..value_end);
            (name_at, value_at) = (name_end, value_end);
            (name.unwrap_or_default(), value.unwrap_or_default())
        })
    }

    /// All names, each as often as it comes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }

    /// The values under a name, which is in lower case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let fields = self.iter().filter(move |(one, _)| *one == name);
        fields.map(|(_, value)| value)
    }

    /// The first value under a name, which is in lower case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter()
            .find_map(|(one, value)| (one == name).then_some(value))
    }

    /// The same, where it is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.get(name)?).ok()
    }

    /// All values one after the other, without anything between them.
    #[must_use]
    pub fn values_joined(&self) -> &[u8] {
        &self.values
    }

    /// All but those that `is_dropped` names.
    #[must_use]
    pub fn without(&self, is_dropped: impl Fn(&str, &[u8]) -> bool) -> Self {
        let mut kept = Self::with_capacity(self.len(), self.names.len() + self.values.len());
        let fields = self.iter().filter(|(name, value)| !is_dropped(name, value));
        fields.for_each(|(name, value)| kept.push(name, value));
        kept
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The same as a map; what cannot stand in one is left out.
    #[must_use]
    pub fn to_map(&self) -> HeaderMap {
        let mut map = HeaderMap::with_capacity(self.len());
        for (name, value) in self.iter() {
            if let Some((name, value)) = header(name, value) {
                map.append(name, value);
            }
        }
        map
    }
}

/// One field as a map has it; `None` when it cannot stand in one.
pub(crate) fn header(name: &str, value: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    Some((name, HeaderValue::from_bytes(value).ok()?))
}

impl From<&HeaderMap> for Fields {
    fn from(map: &HeaderMap) -> Self {
        let bytes = map
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len());
        let mut fields = Self::with_capacity(map.len(), bytes.sum());
        for (name, value) in map {
            fields.push(name.as_str(), value.as_bytes());
        }
        fields
    }
}

/// A head is a few kilobytes long; one of four gigabytes is read by nobody.
fn end(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_in_their_order_and_in_any_case() {
        let mut fields = Fields::with_capacity(2, 8);
        for (name, value) in [("X-Odd", "1"), ("via", "a"), ("x-odd", ""), ("Via", "b")] {
            fields.push(name, value.as_bytes());
        }
        fields.push("x-bytes", b"\xe9");
        assert_eq!(fields.get("x-odd"), Some(b"1".as_slice()));
        assert_eq!(fields.all("via").collect::<Vec<_>>(), [b"a", b"b"]);
        assert_eq!(fields.get("x"), None);
        assert_eq!(fields.text("x-bytes"), None);
        let names: Vec<&str> = fields.names().collect();
        assert_eq!(names, ["x-odd", "via", "x-odd", "via", "x-bytes"]);
        assert_eq!(Fields::from(&fields.to_map()).len(), fields.len());
    }
}
