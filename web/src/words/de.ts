/** The words of kit and domains, by folder: one file, since a page shows those of several. */
const files = import.meta.glob<Record<string, unknown>>(["../kit/texts/de.ts", "../domains/*/texts/de.ts"], { eager: true, import: "default" });

export default Object.fromEntries(Object.entries(files).map(([path, texts]) => [path.split("/").at(-3), texts]));
