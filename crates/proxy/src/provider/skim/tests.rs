//! Tests of the skimming: it takes exactly what `serde_json` takes, at every level of the processor.

use super::*;
use proptest::prelude::*;
use serde_json::value::RawValue;

type Found = Vec<(String, String)>;

/// The fields as `serde_json` sees them; names as they are written.
fn reference(body: &[u8]) -> Option<Found> {
    struct Fields(Found);
    impl<'de> serde::Deserialize<'de> for Fields {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Reader;
            impl<'de> serde::de::Visitor<'de> for Reader {
                type Value = Fields;

                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }

                fn visit_map<A: serde::de::MapAccess<'de>>(
                    self,
                    mut map: A,
                ) -> Result<Fields, A::Error> {
                    let mut found = Vec::new();
                    while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                        found.push((name.get().to_owned(), value.get().to_owned()));
                    }
                    Ok(Fields(found))
                }
            }
            deserializer.deserialize_map(Reader)
        }
    }
    let text = std::str::from_utf8(body).ok()?;
    serde_json::from_str::<Fields>(text)
        .ok()
        .map(|Fields(found)| found)
}

fn owned(found: Vec<Written<'_>>) -> Found {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    found
        .into_iter()
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}

fn skimmed(body: &[u8]) -> Option<Found> {
    let mut found = Vec::new();
    fields(body, |field| found.push(field)).ok()?;
    Some(owned(found))
}

/// The same, with no more of the processor than this level has.
fn skimmed_with<S: Simd>(simd: S, body: &[u8]) -> Option<Found> {
    let mut found = Vec::new();
    let beyond_ascii = skim(simd, body, &mut |field| found.push(field))?;
    if beyond_ascii {
        std::str::from_utf8(body).ok()?;
    }
    Some(owned(found))
}

/// What all levels that this processor has make of `body`, checked to be the same.
fn at_every_level(body: &[u8]) -> Option<Found> {
    let best = skimmed(body);
    #[cfg(target_arch = "x86_64")]
    {
        assert_eq!(
            LEVEL.as_sse2().map(|simd| skimmed_with(simd, body)),
            Some(best.clone())
        );
        if let Some(simd) = LEVEL.as_avx2() {
            assert_eq!(skimmed_with(simd, body), best);
        }
    }
    #[cfg(target_arch = "aarch64")]
    if let Some(simd) = LEVEL.as_neon() {
        assert_eq!(skimmed_with(simd, body), best);
    }
    best
}

fn assert_same(body: &[u8]) {
    let expected = reference(body);
    let text = String::from_utf8_lossy(body);
    assert_eq!(at_every_level(body), expected, "{text}");
}

#[test]
fn fields_are_given_as_they_are_written() {
    let body = br#" { "a" : [1, {"b":"}"}] ,"\u0062":"x\"y" , "c":{} , "d":-0.5e+3,"e":null } "#;
    let found = at_every_level(body).unwrap();
    let expected = [
        (r#""a""#, r#"[1, {"b":"}"}]"#),
        (r#""\u0062""#, r#""x\"y""#),
        (r#""c""#, "{}"),
        (r#""d""#, "-0.5e+3"),
        (r#""e""#, "null"),
    ];
    assert_eq!(found, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[test]
fn every_byte_is_judged_alike_in_a_string_at_every_place_of_a_block() {
    for place in 0..140 {
        for byte in 0..=255_u8 {
            let mut body = format!(
                "{{\"a\":\"{}?{}\"}}",
                "x".repeat(place),
                "y".repeat(place % 3)
            );
            let at = place + 6;
            assert_eq!(&body[at..=at], "?");
            // As it is, and behind a backslash.
            let mut bytes = std::mem::take(&mut body).into_bytes();
            bytes[at] = byte;
            assert_same(&bytes);
            bytes.insert(at, b'\\');
            assert_same(&bytes);
        }
    }
}

#[test]
fn escapes_are_judged_alike_across_blocks() {
    for place in 0..140 {
        for escape in [
            r"\u00e4",
            r"\ud800",
            r"\u00g0",
            r"\u00",
            r"\u",
            r"\\",
            r"\\\",
            r#"\""#,
            r#"\\""#,
            r"\uABCD\n",
        ] {
            for end in ["\"}", "\\\"}", "", "\"", "\",\"b\":1}"] {
                assert_same(format!("{{\"a\":\"{}{escape}{end}", "x".repeat(place)).as_bytes());
            }
        }
    }
}

#[test]
fn what_is_not_an_object_or_not_json_is_refused_alike() {
    for body in [
        "",
        " ",
        "{",
        "}",
        "[]",
        "{}",
        " {} ",
        "{}x",
        "{},",
        "{]",
        "[}",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":[1,]}",
        "{\"a\":[,1]}",
        "{\"a\":[1 2]}",
        "{\"a\":{]}",
        "{\"a\":[}}",
        "{\"a\":{\"b\"}}",
        "{\"a\":{\"b\":1,}}",
        "{1:2}",
        "{\"a\":01}",
        "{\"a\":-}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":1e}",
        "{\"a\":1e+}",
        "{\"a\":+1}",
        "{\"a\":1e999}",
        "{\"a\":-0}",
        "{\"a\":00}",
        "{\"a\":tru}",
        "{\"a\":truex}",
        "{\"a\":nul",
        "{\"a\":nulll}",
        "{\"a\":[[],[[]],{}]}",
        "{\"a\":{\"b\":{}}}",
        "{\"a\":1}\u{c}",
        "\u{c}{}",
        "\u{feff}{}",
        "{\"a\":\"\u{7f}\"}",
        "{\"a\" \t\r\n: 1}",
        "{\"a\":1\0}",
        "{\"a\":]}",
        "{\"a\":[1}",
        "{\"a\":[\"b\":1]}",
        "{\"a\":{\"b\",1}}",
        "{\"ä\":\"ö\"}",
    ] {
        assert_same(body.as_bytes());
    }
    assert_same(b"{\"a\":\"\xc3\"}");
    assert_same(b"{\"a\":\"\xed\xa0\x80\"}");
}

#[test]
fn containers_are_told_apart_at_any_depth() {
    for depth in [1, 2, 62, 63, 64, 65, 126, 127, 128, 129, 193, 1000] {
        for nest in [("[", "]"), ("{\"x\":", "}"), ("[{\"x\":", "}]")] {
            for inside in ["1", "[]", "{}"] {
                let body = format!(
                    "{{\"a\":{}{inside}{}}}",
                    nest.0.repeat(depth),
                    nest.1.repeat(depth)
                );
                assert!(at_every_level(body.as_bytes()).is_some(), "{body}");
                for place in (0..body.len()).rev().take(80) {
                    let mut wrong = body.clone().into_bytes();
                    wrong[place] = match wrong[place] {
                        b'}' => b']',
                        b']' => b'}',
                        _ => continue,
                    };
                    assert_eq!(at_every_level(&wrong), None);
                }
            }
        }
    }
}

fn json() -> impl Strategy<Value = String> {
    let space = "[ \n\r\t]{0,2}";
    let string = prop_oneof![
        "\"[a-z]{0,20}\"",
        "\"(\\\\[\"\\\\/bfnrt]|\\\\u[0-9a-fA-F]{4}|[ -!#-\\[\\]-~äß€😀]){0,200}\"",
    ];
    let leaf = prop_oneof![
        "(true|false|null|-?(0|[1-9][0-9]{0,5})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?)",
        string.clone(),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let field = (string.clone(), space, space, inner.clone())
            .prop_map(|(name, a, b, value)| format!("{name}{a}:{b}{value}"));
        let item = (space, inner, space).prop_map(|(a, value, b)| format!("{a}{value}{b}"));
        prop_oneof![
            proptest::collection::vec(item, 0..6)
                .prop_map(|items| format!("[{}]", items.join(","))),
            proptest::collection::vec(field, 0..6)
                .prop_map(|fields| format!("{{{}}}", fields.join(","))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn json_is_taken_as_serde_takes_it(
        values in proptest::collection::vec(json(), 0..4),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), prop_oneof!["[{}\\[\\]:,\"\\\\0-9a-z\n ]", "\\PC"], any::<bool>()), 0..3),
    ) {
        let fields: Vec<String> = values.iter().enumerate().map(|(n, value)| format!("\"f{n}\": {value}")).collect();
        let whole = format!("{{{}}}", fields.join(","));
        prop_assert!(at_every_level(whole.as_bytes()).is_some());
        assert_same(whole.as_bytes());
        let mut bytes = whole.into_bytes();
        for (place, text, replace) in changes {
            let at = place.index(bytes.len());
            bytes.splice(at..at + usize::from(replace), text.bytes());
            assert_same(&bytes);
        }
    }

    #[test]
    fn hostile_bytes_are_judged_alike(bytes in proptest::collection::vec(0_u8..=255, 0..200), text in "\\{\"[{}\\[\\]\":,a-z0-9\\\\ ]{0,90}") {
        assert_same(&bytes);
        assert_same(text.as_bytes());
        assert_same(&[b"{\"a\":\"", bytes.as_slice(), b"\"}"].concat());
    }
}
