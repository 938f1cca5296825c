import { useState } from "react";
import { RecsvcFeed } from "recsvc-embed/react";

// VITE_RECSVC_URL while building says where the service is. Where it has keys, a reader is named by a
// token that your server makes (`token={…}`), and not by `user`.
const API = import.meta.env.VITE_RECSVC_URL ?? "http://127.0.0.1:8000/";
const READER = new URLSearchParams(location.search).get("reader") ?? "somebody";

/** What trends, and the reader's own list, which is drawn anew after each vote. */
export function App() {
  const [votes, setVotes] = useState([]);

  function noted({ detail: { item, on } }) {
    setVotes((before) => [...before.filter((one) => one !== item), ...(on ? [item] : [])]);
  }

  return (
    <main>
      <h1>Papers</h1>
      <p role="status">
        {votes.length} upvoted{votes.length > 0 && `: ${votes.join(", ")}`}
      </p>
      <section aria-label="Trending">
        <RecsvcFeed api={API} user={READER} list="trending" limit={3} onVote={noted} />
      </section>
      <section aria-label="For you">
        <RecsvcFeed key={votes.join()} api={API} user={READER} list="feed" limit={5} reasons />
      </section>
    </main>
  );
}
