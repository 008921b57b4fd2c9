// "Read on" fetches the whole story from the API and shows it in place.
document.addEventListener('click', async (event) => {
  const button = event.target.closest('article button');
  if (!button) return;
  const article = button.closest('article');
  const text = article.querySelector('p:not(.by)');
  button.disabled = true;
  try {
    const answer = await fetch(`/api/stories/${encodeURIComponent(article.dataset.story)}`);
    const story = await answer.json();
    if (!answer.ok) throw new Error(story.error);
    text.textContent = story.content;
    button.remove();
  } catch (error) {
    button.disabled = false;
    button.textContent = `Not now: ${error.message}. Try again`;
  }
});
