-- AlterTable
ALTER TABLE "Item" ADD COLUMN     "price" DECIMAL(65,30);
