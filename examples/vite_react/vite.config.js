import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// "./": what is built runs below any path.
export default defineConfig({ base: "./", plugins: [react()] });
