export { TemplateError, templateLimit } from './limits.ts';
export { checkTemplate, renderTemplate } from './template.ts';
export { fromJson, type TemplateFunction, type Value } from './values.ts';
