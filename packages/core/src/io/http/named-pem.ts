/** Certificates, and how people call where they are from. */
export interface NamedPem {
  readonly name: string;
  readonly pem: string;
}
