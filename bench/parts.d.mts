export const parts: Readonly<Record<string, { readonly quick?: object }>>;
