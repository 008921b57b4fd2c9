//! The files that a page loads. Pure.

use std::sync::LazyLock;

use regex::Regex;

static TAGS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?is)<(link|script|img|source)\b[^>]*?\b(?:href|src)\s*=\s*["']([^"'#]+)["'][^>]*>"#).ok()
});
static LOADED_LINK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?is)\brel\s*=\s*["']?[^"'>]*\b(stylesheet|icon|preload|modulepreload|manifest)\b"#).ok()
});

/// Paths of the same site that a browser fetches for this page, each once, in their order.
pub fn assets(html: &str) -> Vec<String> {
    let (Some(tags), Some(loaded)) = (TAGS.as_ref(), LOADED_LINK.as_ref()) else { return Vec::new() };
    let mut found: Vec<String> = Vec::new();
    for tag in tags.captures_iter(html) {
        let (whole, kind, url) = (&tag[0], &tag[1], tag[2].trim().replace("&amp;", "&"));
        let fetched = !kind.eq_ignore_ascii_case("link") || loaded.is_match(whole);
        let same_site = url.starts_with('/') && !url.starts_with("//");
        if fetched && same_site && !found.contains(&url) {
            found.push(url);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_loads_from_this_site_is_found_once() {
        let html = r#"<link rel="stylesheet" href="/static/a.css?v=1&amp;w=2">
            <link rel="canonical" href="/story"> <link rel="icon" href='/i.svg'>
            <script src="/static/a.js" defer></script><script src="https://cdn.example/x.js"></script>
            <script src="//cdn.example/y.js"></script><img alt="" src="/i.svg"><a href="/about">x</a>"#;
        assert_eq!(assets(html), ["/static/a.css?v=1&w=2", "/i.svg", "/static/a.js"]);
    }

    #[test]
    fn a_page_without_files_has_none() {
        assert!(assets("<p>hello</p>").is_empty());
    }
}
