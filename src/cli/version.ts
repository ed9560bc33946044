/** The version that every command prints, that of the original it stands in for. */
export const version = '0.18.4'
