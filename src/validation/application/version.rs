//! APP-006: what runs is what was meant to run.

use crate::engine::Container;
use crate::report::Severity;
use crate::validation::facts::Facts;
use crate::validation::front::LIMITED_TIMEOUT;
use crate::validation::{Category, Check, Need, Outcome};

pub const CHECKS: &[Check] = &[Check {
    id: "APP-006",
    title: "the version that answers is the image's",
    severity: Severity::Major,
    quick: true,
    timeout: LIMITED_TIMEOUT,
    needs: &[Need::Http, Need::Engine],
    expected: "`version` of the version route equals org.opencontainers.image.version of the image, or its tag",
    remedy: "run `stagectl up` to recreate the application's container from the image that stagectl.yml names",
    run: |facts| Box::pin(async move { version(facts).await.unwrap_or_else(Outcome::error) }),
    ..Check::base(Category::Application)
}];

async fn version(facts: &Facts) -> Result<Outcome, String> {
    let edge = facts.front.edge()?;
    let config = &facts.settings.config;
    let route = config
        .validation
        .api
        .iter()
        .find(|route| route.path.split('?').next().is_some_and(|path| path.ends_with("/version")));
    let Some(route) = route else {
        return Ok(Outcome::skip("validation.api names no route that ends in /version"));
    };
    let service = config.proxy.iter().flat_map(|proxy| proxy.upstreams.values()).map(|u| &u.service).next();
    let found = service.and_then(|service| facts.containers_of(service).next());
    let Some(container) = found else {
        return Err("the application has no container to compare with".to_owned());
    };
    let answer = edge.shared(&route.path).await?;
    let said = answer.json().and_then(|body| Some(body.get("version")?.as_str()?.to_owned()));
    Ok(judge(said.as_deref(), image_version(container).as_deref(), &container.image))
}

/// The image's label; without one its tag, if that is a version.
fn image_version(container: &Container) -> Option<String> {
    let label = container.labels.get("org.opencontainers.image.version").cloned();
    let tag = || {
        let name = container.image.split('@').next()?;
        let (_, tag) = name.rsplit_once('/').map_or(name, |(_, name)| name).split_once(':')?;
        tag.contains(|c: char| c.is_ascii_digit()).then(|| tag.to_owned())
    };
    label.filter(|label| !label.is_empty()).or_else(tag)
}

fn judge(said: Option<&str>, image: Option<&str>, reference: &str) -> Outcome {
    match (said, image) {
        (None, _) => Outcome::fail("the version route has no `version` in its JSON"),
        (_, None) => {
            Outcome::skip(format!("the image {reference} has neither a version label nor a version tag"))
        }
        (Some(said), Some(image)) if said.trim_start_matches('v') == image.trim_start_matches('v') => {
            Outcome::pass(format!("{said} answers, from {reference}"))
        }
        (Some(said), Some(image)) => {
            Outcome::fail(format!("{said} answers, the image {reference} is {image}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Status;

    #[test]
    fn another_version_than_the_image_s_fails() {
        assert_eq!(judge(Some("1.0.0"), Some("v1.0.0"), "app").status, Status::Pass);
        assert_eq!(judge(Some("0.9.0"), Some("1.0.0"), "app").status, Status::Fail);
        assert_eq!(judge(None, Some("1.0.0"), "app").status, Status::Fail);
        assert_eq!(judge(Some("1.0.0"), None, "app").status, Status::Skip);
    }

    #[test]
    fn a_label_is_believed_before_a_tag_and_latest_is_no_version() {
        let image = |reference: &str| Container { image: reference.into(), ..Container::default() };
        assert_eq!(image_version(&image("registry:5000/team/app:1.2.3")).as_deref(), Some("1.2.3"));
        assert_eq!(image_version(&image("app:latest")), None);
        assert_eq!(image_version(&image("registry:5000/app")), None);
        let mut labelled = image("app:1.2.3");
        labelled.labels.insert("org.opencontainers.image.version".into(), "1.2.4".into());
        assert_eq!(image_version(&labelled).as_deref(), Some("1.2.4"));
    }
}
