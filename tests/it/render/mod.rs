//! Generated files: stable, accepted by the tools that read them, and true to the requirements.

mod accepted;
mod certs;
mod cluster;
mod files;
mod init;
mod served;

use super::support::Workspace;

const BLUEPRINTS: [&str; 5] =
    ["nextjs-postgres", "fastapi-react", "fastify-supabase", "node-mongo-cluster", "storefront-mongo"];

/// A folder with a blueprint, for the nginx that runs here.
fn blueprint(name: &str, project: &str) -> Workspace {
    let workspace = Workspace::new()
        .env("STRIPE_SECRET_KEY", "sk_test_1")
        .env("STRIPE_WEBHOOK_SECRET", "whsec_1")
        .env("STRIPE_PRODUCT_PRICE_ID", "price_1");
    workspace.stagectl(&["init", "--blueprint", name, "--project", project]).expect_code(0);
    workspace.write("stagectl.local.yml", "proxy: {nginx_version: '1.22'}\n");
    workspace
}
